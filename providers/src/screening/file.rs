//! Lists as files: comma-separated values with a header, or a JSON object per line.
//!
//! Columns (or members) are found by name: `id` and `name` are needed; `aliases`, `country` or `countries`, and
//! `program` or `program_ids` are read when there; all others are passed over. Several values of one column are parted
//! by `;`; in JSON they may be a list. That is what OpenSanctions publishes as `targets.simple.csv` of each dataset,
//! and what the consolidated lists of the UN, the EU, OFAC and OFSI are easily made into.
//!
//! A file is taken whole or not at all: a line that does not read refuses it.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use domain::Country;
use serde::Deserialize;
use serde_json::Value;

use super::index::Entry;

/// Bytes of a list; more is no list of names.
const LARGEST: u64 = 512 * 1024 * 1024;
const LONGEST_ID: usize = 128;

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("list {path} cannot be read")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("list {path} is neither .csv nor .jsonl")]
    Form { path: PathBuf },
    #[error("list {path} has more than {LARGEST} bytes")]
    TooLarge { path: PathBuf },
    #[error("list {path} has no column {column:?} in its first line")]
    Column { path: PathBuf, column: &'static str },
    #[error("line {line} of list {path}: {reason}")]
    Line { path: PathBuf, line: u64, reason: String },
    #[error("list {path} names nobody")]
    Empty { path: PathBuf },
}

/// Reads a whole list. Errors: it cannot be read, a line of it does not read, or it names nobody.
pub fn read(path: &Path) -> Result<Vec<Entry>, ListError> {
    let unreadable = |source| ListError::Unreadable { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(ListError::TooLarge { path: path.to_owned() });
    }
    let file = std::io::BufReader::new(std::fs::File::open(path).map_err(unreadable)?);
    let entries = match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => values(path, file)?,
        Some("jsonl" | "ndjson") => objects(path, file)?,
        _ => return Err(ListError::Form { path: path.to_owned() }),
    };
    if entries.is_empty() {
        return Err(ListError::Empty { path: path.to_owned() });
    }
    Ok(entries)
}

/// What a list is called: its file's name without the ending.
pub fn name(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn refused(path: &Path, line: u64, reason: impl Into<String>) -> ListError {
    ListError::Line { path: path.to_owned(), line, reason: reason.into() }
}

fn values(path: &Path, file: impl std::io::Read) -> Result<Vec<Entry>, ListError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let unread = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        refused(path, line, reason(&error))
    };
    let header = reader.headers().map_err(unread)?.clone();
    let column = |names: &[&str]| {
        header
            .iter()
            .position(|name| names.contains(&name.trim_start_matches('\u{feff}').to_lowercase().as_str()))
    };
    let needed = |name| column(&[name]).ok_or(ListError::Column { path: path.to_owned(), column: name });
    let (id, called) = (needed("id")?, needed("name")?);
    let aliases = column(&["aliases", "alias"]);
    let (countries, program) =
        (column(&["countries", "country"]), column(&["program", "program_ids", "programs"]));
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unread)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let mut names = vec![cell(Some(called)).to_owned()];
        names.extend(parts(cell(aliases)));
        let (countries, program) = (parts(cell(countries)), cell(program).to_owned());
        entries.push(entry(path, line, cell(Some(id)), names, &countries, &program)?);
    }
    Ok(entries)
}

/// What is wrong, without the text of the file.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".into(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} columns, the first line has {expected_len}")
        }
        csv::ErrorKind::Io(error) => error.kind().to_string(),
        _ => "does not read as comma-separated values".into(),
    }
}

/// One line of a list in JSON.
#[derive(Deserialize)]
struct Object {
    id: String,
    name: String,
    #[serde(default, alias = "alias")]
    aliases: Value,
    #[serde(default, alias = "countries")]
    country: Value,
    #[serde(default, alias = "program_ids", alias = "programs")]
    program: Value,
}

fn objects(path: &Path, file: impl BufRead) -> Result<Vec<Entry>, ListError> {
    let mut entries = Vec::new();
    for (line, text) in (1_u64..).zip(file.lines()) {
        let text = text.map_err(|error| refused(path, line, error.kind().to_string()))?;
        if text.trim().is_empty() {
            continue;
        }
        let object: Object = serde_json::from_str(&text)
            .map_err(|error| refused(path, line, format!("is no entry, at column {}", error.column())))?;
        let mut names = vec![object.name];
        names.extend(several(&object.aliases));
        let program = several(&object.program).join(";");
        entries.push(entry(path, line, &object.id, names, &several(&object.country), &program)?);
    }
    Ok(entries)
}

fn several(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => parts(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).flat_map(parts).collect(),
        _ => Vec::new(),
    }
}

fn parts(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn entry(
    path: &Path,
    line: u64,
    id: &str,
    names: Vec<String>,
    countries: &[String],
    program: &str,
) -> Result<Entry, ListError> {
    let is_id =
        |id: &str| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_id(id) {
        return Err(refused(path, line, format!("its id is not 1 to {LONGEST_ID} visible ASCII characters")));
    }
    if names.first().is_none_or(|name| name.trim().is_empty()) {
        return Err(refused(path, line, "it has no name"));
    }
    let countries = countries.iter().filter_map(|code| Country::parse(&code.to_uppercase()).ok()).collect();
    let shown: String =
        program.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').take(60).collect();
    Ok(Entry { id: id.to_owned(), names, countries, program: (!shown.is_empty()).then_some(shown) })
}
