use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use domain::Country;
use proptest::prelude::*;

use super::file::{ListError, read};
use super::index::{Entry, Index};
use super::names::{ring, sound, words};
use super::*;

/// The default of the settings.
const THRESHOLD: u8 = 88;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn entry(id: &str, names: &[&str]) -> Entry {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Entry { id: id.into(), names, countries: vec![], program: None }
}

fn index(names: &[&str]) -> Index {
    let mut index = Index::default();
    names.iter().enumerate().for_each(|(at, name)| index.add("list", entry(&at.to_string(), &[name])));
    index
}

fn score(listed: &str, asked: &str) -> u8 {
    let search = index(&[listed]).search(&Subject { name: asked, country: None }, 1);
    search.hits.first().map_or(0, |hit| hit.score)
}

#[test]
fn names_of_any_script_become_plain_words() {
    for (name, expected) in [
        ("Fatou N’Diaye", "fatu ndiaye"),
        ("  JOSÉ  María-Núñez ", "jose maria nunez"),
        ("Kouamé, Aïssata", "kuame aisata"),
        ("Ｆｕｌｌｗｉｄｔｈ Name", "fulwidth name"),
        ("Łukasz Straße Æneas", "lukasz strase aeneas"),
        ("Владимир Путин", "vladimir putin"),
        ("习近平", "xi jin ping"),
        ("김정은", "gimjeongeun"),
        ("Muammar al-Qadhafi", "muamar qadhafi"),
        ("Ben Ali", "ben ali"),
        ("J. R. Kony", "j r kony"),
        ("", ""),
        ("…", ""),
        ("🦄", "unicorn"),
    ] {
        assert_eq!(words(name).join(" "), expected, "{name}");
    }
    assert_eq!(words(&"a b ".repeat(500)).len(), 16, "what is looked at of a name has an end");
}

#[test]
fn one_sound_has_one_spelling() {
    for alike in [
        &["mohamed", "muhammad", "mohammed", "mhmd"][..],
        &["gaddafi", "qadhafi", "kadhafi", "gathafi"],
        &["cheikh", "sheikh", "cheik"],
        &["philippe", "filip"],
    ] {
        let sounds: Vec<_> = alike.iter().map(|word| sound(word)).collect();
        let differing = sounds.iter().filter(|one| **one != sounds[0]).count();
        assert!(differing <= 1, "{alike:?} sound {sounds:?}");
    }
    assert_eq!(ring(&words("Xi Jinping")), ring(&words("习近平")));
    assert_eq!(ring(&words("Wang Xiaoming")), ring(&words("Xiaoming Wang")));
    assert_ne!(ring(&words("Wang Xiaoming")), ring(&words("Wang Xiaomin")));
}

#[test]
fn the_same_person_is_met() {
    for (listed, asked) in [
        ("Joseph Kony", "Joseph Kony"),
        ("Joseph Kony", "KONY, Joseph"),
        ("Joseph Kony", "josèph  kôny"),
        ("Joseph Kony", "Joseph Rao Kony"),
        ("Joseph Rao Kony", "Joseph Kony"),
        ("Joseph Rao Kony", "Joseph R. Kony"),
        ("Joseph R. Kony", "Joseph Rao Kony"),
        ("Joseph Kony", "Joseph Kony the Tailor of Dakar"),
        ("Abdoulaye Kouassi", "Abdoulaye Kuoassi"),
        ("Abdoulaye Kouassi", "Abdulaye Kouasi"),
        ("Muhammad Hassan", "Mohamed Hassan"),
        ("Umar Hassan", "Omar Hassan"),
        ("Yusuf Kony", "Youssouf Konny"),
        ("Muammar Gaddafi", "Mouammar Kadhafi"),
        ("Muammar al-Qadhafi", "Muammar Gaddafi"),
        ("Muhammad al-Qadhafi", "محمد القذافي"),
        ("محمد القذافي", "Mohamed Kadhafi"),
        ("Xi Jinping", "习近平"),
        ("习近平", "Xi Jinping"),
        ("Wang Xiaoming", "王小明"),
        ("Wang Xiaoming", "Xiaoming Wang"),
        ("Wang Xiaoming", "Wang Xiao Ming"),
        ("Vladimir Putin", "Владимир Путин"),
        ("Abdul Rahman Salim", "Abdulrahman Salim"),
        ("Jean-Pierre Bemba", "Jean Pierre Bemba Gombo"),
        ("ROSNEFT", "Rosneft"),
        // Another person in all likelihood, and for a person to say.
        ("Joseph Kony", "Joseph Koné"),
    ] {
        let score = score(listed, asked);
        assert!(score >= THRESHOLD, "{listed} and {asked} are {score}");
    }
}

#[test]
fn other_people_are_not() {
    for (listed, asked) in [
        ("Joseph Kony", "Kony"),
        ("Joseph Kony", "J. Kony"),
        ("Joseph Kony", "Joseph"),
        ("Macky Fall", "Macky Sall"),
        ("Awa Diop", "Ama Diop"),
        ("Kouassi Diallo", "Kouamé Diallo"),
        ("Mohamed Ali Hassan Salim", "Mohamed Ali"),
        ("Carlos", "Carlos Santana"),
        ("Awa Exemple", "Kouassi Exemple"),
        ("Fatou Ndiaye", "Mariama Ndiaye"),
        ("Li Wei", "Li Wen"),
        ("Xi Jinping", "李克强"),
        ("", "Awa Diop"),
        ("Joseph Kony", ""),
        ("Joseph Kony", "🦄"),
    ] {
        let score = score(listed, asked);
        assert!(score < THRESHOLD, "{listed} and {asked} are {score}");
    }
}

#[test]
fn a_hit_explains_itself_without_names() {
    let mut index = Index::default();
    let listed = Entry {
        id: "Q123".into(),
        names: vec!["Joseph Kony".into(), "Yusuf Kone Rao".into()],
        countries: vec![Country::SN],
        program: Some("UN-CAR".into()),
    };
    index.add("un", listed);
    index.add("eu", entry("7", &["Josef Konny"]));
    let asked = |country| Subject { name: "KONY Joseph", country };
    let hits = index.search(&asked(Some(Country::CI)), THRESHOLD).hits;
    let told: Vec<_> = hits.iter().map(Hit::to_string).collect();
    let first = "un:Q123 100% (words: 2 same, 0 alike, 0 left over; other country; UN-CAR)";
    assert_eq!(told, [first, "eu:7 95% (words: 1 same, 1 alike, 0 left over)"]);
    let hits = index.search(&asked(Some(Country::SN)), THRESHOLD).hits;
    assert!(hits[0].to_string().contains("same country"));
    assert_eq!(index.search(&asked(None), 100).hits.len(), 1);
}

const FIRST: [&str; 20] = [
    "Abdoulaye",
    "Mohamed",
    "Ousmane",
    "Fatoumata",
    "Aminata",
    "Ibrahima",
    "Moussa",
    "Cheikh",
    "Mariam",
    "Awa",
    "Jean",
    "Pierre",
    "Xiaoming",
    "Vladimir",
    "Hassan",
    "Ali",
    "Joseph",
    "Adama",
    "Seydou",
    "Kadiatou",
];
const SECOND: [&str; 25] = [
    "Diallo",
    "Traore",
    "Ndiaye",
    "Kouassi",
    "Camara",
    "Keita",
    "Diop",
    "Fall",
    "Sow",
    "Toure",
    "Cisse",
    "Bah",
    "Wang",
    "Ivanov",
    "Kone",
    "Ouattara",
    "Sanogo",
    "Coulibaly",
    "Barry",
    "Balde",
    "Sylla",
    "Conde",
    "Mbaye",
    "Gueye",
    "Faye",
];

/// Ten thousand entries with an alias each: the work for one name is that for its like, not for the list.
#[test]
fn a_long_list_is_searched_by_few_comparisons() {
    let mut index = Index::default();
    let tail = |number: usize| -> String {
        (0..3)
            .map(|place| char::from(b'a' + u8::try_from(number / 26_usize.pow(place) % 26).unwrap()))
            .collect()
    };
    for number in 0..10_000_usize {
        let (first, second) = (FIRST[number % 20], SECOND[number / 20 % 25]);
        let name = format!("{first} {}{} {second}", tail(number), tail(number * 7));
        let alias = format!("{second}{} {first}", tail(number));
        index.add("list", entry(&number.to_string(), &[&name, &alias]));
    }
    let count = |name: &str| index.search(&Subject { name, country: None }, THRESHOLD).comparisons;
    let naive = 10_000 * 2;
    for stranger in ["Kwame Nkrumah", "Angela Merkel", "习近平", "محمد القذافي", "Zzyzx Qwerty"]
    {
        let comparisons = count(stranger);
        assert!(comparisons < naive / 20, "{stranger} took {comparisons} comparisons");
    }
    let common = count("Mohamed Diallo");
    assert!(common < naive / 4, "a name as many others took {common} comparisons");
}

fn csv(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_published_list_reads_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let published = "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,\
        program_ids,dataset,first_seen,last_seen,last_change\n\
        NK-1,Person,Joseph Kony,\"Yusuf Kony;جوزيف كوني\",1961,\"ug;cf\",\"Gulu, Uganda\",,\"UN, 2016\",,,UN-SCCAR,\
        un_sc,2020-01-01,2026-01-01,2026-01-01\n\
        NK-2,Company,\"ACME, Ltd\",,,xx,,,,,,,un_sc,,,\n";
    let entries = read(&csv(folder.path(), "un.csv", published)).unwrap();
    assert_eq!(entries[0].names, ["Joseph Kony", "Yusuf Kony", "جوزيف كوني"]);
    assert_eq!(entries[0].countries.len(), 2);
    assert_eq!(entries[0].program.as_deref(), Some("UN-SCCAR"));
    assert_eq!((entries[1].names.len(), entries[1].program.clone()), (1, None));
    let short = csv(folder.path(), "own.csv", "\u{feff}ID,Name\n1,Awa Diop\n");
    assert_eq!(read(&short).unwrap(), [entry("1", &["Awa Diop"])]);
    let lines = "{\"id\":\"a\",\"name\":\"Awa Diop\",\"aliases\":[\"A D\",\"B D\"],\"country\":\"sn\",\"born\":1}\n\n\
        {\"id\":\"b\",\"name\":\"Ali Ba\",\"aliases\":\"C;D\",\"program\":[\"P\",\"Q\"]}\n";
    let entries = read(&csv(folder.path(), "own.jsonl", lines)).unwrap();
    assert_eq!(entries[0].names, ["Awa Diop", "A D", "B D"]);
    assert_eq!((entries[0].countries.clone(), entries[1].names.len()), (vec![Country::SN], 3));
    assert_eq!(entries[1].program.as_deref(), Some("P;Q"));
}

#[test]
fn a_broken_list_is_refused_whole_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, text: &str| read(&csv(folder.path(), name, text)).unwrap_err();
    for (name, text, line) in [
        ("cut.csv", "id,name,aliases\n1,Awa,\n2,Ali", 3),
        ("noid.csv", "id,name\n1,Awa\n,Ali\n", 3),
        ("noname.csv", "id,name\n1,\n", 2),
        ("odd.csv", "id,name\n\"a b\",Ali\n", 2),
        ("text.jsonl", "{\"id\":\"1\",\"name\":\"Awa\"}\nAli\n", 2),
        ("half.jsonl", "{\"id\":\"1\",\"name\":\"Awa\"}\n{\"id\":\"2\"}\n", 2),
    ] {
        match refused(name, text) {
            ListError::Line { line: at, reason, .. } => {
                assert_eq!(at, line, "{name}");
                assert!(!reason.contains("Ali") && !reason.contains("Awa"), "{reason}");
            }
            other => panic!("{name}: {other}"),
        }
    }
    fs::write(folder.path().join("latin.csv"), b"id,name\n1,Jos\xe9\n").unwrap();
    assert!(matches!(read(&folder.path().join("latin.csv")).unwrap_err(), ListError::Line { line: 2, .. }));
    assert!(matches!(refused("other.csv", "uid;who\n"), ListError::Column { column: "id", .. }));
    assert!(matches!(refused("nobody.csv", "id,name\n"), ListError::Empty { .. }));
    assert!(matches!(refused("void.jsonl", ""), ListError::Empty { .. }));
    assert!(matches!(refused("list.xml", "<a/>"), ListError::Form { .. }));
    assert!(matches!(read(&folder.path().join("none.csv")).unwrap_err(), ListError::Unreadable { .. }));
}

#[test]
fn a_new_list_is_taken_and_a_broken_one_leaves_the_old_until_it_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let path = csv(folder.path(), "un.csv", "id,name\n1,Joseph Kony\n");
    let stale_after = TimeDelta::hours(24);
    let lists = ListFiles::open(FilesConfig { paths: vec![path.clone()], threshold: THRESHOLD, stale_after })
        .unwrap();
    let is_hit = |name: &str, at| {
        let verdict = lists.screen(&Subject { name, country: None }, at);
        verdict.map(|verdict| verdict != Verdict::Clear)
    };
    let named = |entries| vec![ListState { name: "un".into(), entries }];
    assert_eq!(lists.lists(), named(1));
    assert_eq!(is_hit("Kony Joseph", now()), Ok(true));
    assert_eq!(is_hit("Awa Diop", now()), Ok(false));
    assert_eq!(lists.refresh(now()).unwrap(), Refreshed::Unchanged);
    fs::write(&path, "id,name\n1,Joseph Kony\n2,Awa Diop\n").unwrap();
    assert_eq!(is_hit("Awa Diop", now()), Ok(false), "nothing is read before it is looked at");
    assert_eq!(lists.refresh(now()).unwrap(), Refreshed::Loaded(named(2)));
    assert_eq!(is_hit("Awa Diop", now()), Ok(true));
    fs::write(&path, "id,name\n1,").unwrap();
    assert!(lists.refresh(now()).is_err());
    assert!(lists.refresh(now() + TimeDelta::hours(1)).is_err(), "looked at again until it reads");
    assert_eq!(is_hit("Awa Diop", now() + TimeDelta::hours(23)), Ok(true), "the old list is in use");
    assert_eq!(is_hit("Awa Diop", now() + stale_after), Err(ScreeningError::Stale { since: now() }));
    assert_eq!(is_hit("Nobody Special", now() + stale_after), Err(ScreeningError::Stale { since: now() }));
    fs::remove_file(&path).unwrap();
    assert!(lists.refresh(now() + stale_after).is_err());
    fs::write(&path, "id,name\n3,Ali Ba\n").unwrap();
    assert_eq!(lists.refresh(now() + stale_after).unwrap(), Refreshed::Loaded(named(1)));
    assert_eq!(is_hit("Awa Diop", now() + stale_after), Ok(false));
}

#[test]
fn nobody_is_screened_without_lists() {
    let verdict = Nobody.screen(&Subject { name: "Joseph Kony", country: None }, now());
    assert_eq!((verdict, Nobody.lists()), (Ok(Verdict::Clear), vec![]));
}

proptest! {
    #[test]
    fn any_text_is_a_name(name in "\\PC{0,140}", listed in "\\PC{0,140}") {
        let search = index(&[&listed, "Joseph Kony"]).search(&Subject { name: &name, country: None }, 1);
        prop_assert!(search.hits.iter().all(|hit| (1..=100).contains(&hit.score)));
    }

    /// Whoever is listed is met by their very name, and by its words in any order.
    #[test]
    fn a_listed_name_is_met_in_any_order(
        words in prop::collection::vec("[a-z]{2,9}", 2..5).prop_shuffle(),
        turn in 0..4_usize,
    ) {
        let listed = words.join(" ");
        let mut turned = words.clone();
        turned.rotate_left(turn % words.len());
        for asked in [listed.clone(), turned.join(" "), listed.to_uppercase()] {
            prop_assert!(score(&listed, &asked) >= 97, "{} {}", listed, asked);
        }
    }

    /// A neighbour's distance does not depend on what else is listed.
    #[test]
    fn other_entries_change_no_score(others in prop::collection::vec("[a-z]{3,8} [a-z]{3,8}", 0..20)) {
        let mut all = vec!["Joseph Rao Kony"];
        all.extend(others.iter().map(String::as_str));
        let hits = index(&all).search(&Subject { name: "Josef Kony", country: None }, 1).hits;
        let alone = score("Joseph Rao Kony", "Josef Kony");
        let among = hits.iter().find(|hit| hit.entry == "0").map_or(0, |hit| hit.score);
        prop_assert!(among == alone || (hits.len() == 5 && among == 0));
    }
}
