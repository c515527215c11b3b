//! One scene for each corridor that a sandbox serves and no scene before has played, and one refund on request.
//!
//! They play side by side, each with people of its own. A payee's number is of the operator that pays it.

use anyhow::Context;
use domain::{Currency, Money, Rail};
use futures::future::join_all;
use serde_json::json;

use super::counter;
use crate::commands::demo::http::Request;
use crate::commands::demo::order::Order;
use crate::commands::demo::person::Person;
use crate::commands::demo::progress::{Line, Progress};
use crate::commands::demo::scenes::{Ending, Played, WITHIN_AFRICA, ending, perform};
use crate::commands::demo::stage::Stage;
use crate::commands::demo::way::{
    Ask, CHINA, EURO_TRANSFER, GUINEA, IVORY_COAST, Payee, Quote, SENEGAL, Way, quote,
};

/// What a scene is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    EurosToOrange,
    EurosToIvoryCoast,
    EurosToGuinea,
    EurosByHand,
    FrancsToGuinea,
    FrancsByHand,
    Yuan,
    WithinGuinea,
    WithinSenegal,
    GivenBack,
}

use Scene::{
    EurosByHand, EurosToGuinea, EurosToIvoryCoast, EurosToOrange, FrancsByHand, FrancsToGuinea, GivenBack,
    WithinGuinea, WithinSenegal, Yuan,
};

const SCENES: [Scene; 10] = [
    EurosToOrange,
    EurosToIvoryCoast,
    EurosToGuinea,
    EurosByHand,
    FrancsToGuinea,
    FrancsByHand,
    Yuan,
    WithinGuinea,
    WithinSenegal,
    GivenBack,
];

/// What 10,000.00 CNY cost at 2812.5.
const YUAN_COST: &str = "28125000";

/// One scene with all it needs.
#[derive(Debug)]
struct Part<'s> {
    scene: Scene,
    number: usize,
    stage: &'s Stage,
    line: &'s Line,
    admins: &'s [Person<'s>; 2],
}

/// Plays every scene, numbered after `played` others; never fails, but scenes may.
pub async fn play(
    stage: &Stage,
    progress: &Progress,
    admins: &[Person<'_>; 2],
    played: usize,
) -> Vec<Played> {
    let numbered = || SCENES.into_iter().zip(played + 1..);
    let line = |(scene, number): (Scene, usize)| progress.line(&format!("{number:<2} {}", scene.title()));
    let lines: Vec<Line> = numbered().map(line).collect();
    let scenes = numbered().zip(&lines).map(|((scene, number), line)| async move {
        let part = Part { scene, number, stage, line, admins };
        perform(number, scene.title(), line, Box::pin(part.play())).await
    });
    join_all(scenes).await
}

impl Scene {
    fn title(self) -> &'static str {
        match self {
            EurosToOrange => "euros to Orange in Senegal",
            EurosToIvoryCoast => "euros to Wave in Côte d'Ivoire",
            EurosToGuinea => "euros to MTN in Guinea",
            EurosByHand => "euros to Guinea by hand",
            FrancsToGuinea => "Wave in Senegal to MTN in Guinea",
            FrancsByHand => "Wave in Senegal to Guinea by hand",
            Yuan => "Orange in Guinea to yuan by hand",
            WithinGuinea => "MTN to MTN in Guinea",
            WithinSenegal => "Orange to Orange in Senegal",
            GivenBack => "given back on request",
        }
    }

    fn way(self) -> Way {
        let (from, to) = match self {
            EurosToOrange => (EURO_TRANSFER, SENEGAL.by(Rail::OrangeSonatel)),
            EurosToIvoryCoast => (EURO_TRANSFER, IVORY_COAST),
            EurosToGuinea => (EURO_TRANSFER, GUINEA),
            EurosByHand => (EURO_TRANSFER, GUINEA.by(Rail::Manual)),
            FrancsToGuinea => (SENEGAL, GUINEA),
            FrancsByHand => (SENEGAL, GUINEA.by(Rail::Manual)),
            Yuan => (GUINEA.by(Rail::OrangeWeb), CHINA),
            WithinGuinea => (GUINEA, GUINEA),
            WithinSenegal => (SENEGAL.by(Rail::OrangeSonatel), SENEGAL.by(Rail::OrangeSonatel)),
            GivenBack => return WITHIN_AFRICA,
        };
        Way { from, to }
    }

    /// Major units and side. What goes to Guinea by hand for 8000 EUR is more than one person may confirm.
    fn amount(self) -> (&'static str, &'static str) {
        match self {
            EurosToOrange | EurosToIvoryCoast | EurosToGuinea => ("100", "send"),
            EurosByHand => ("8000", "send"),
            Yuan => ("10000", "receive"),
            WithinGuinea => ("500000", "send"),
            _ => ("20000", "send"),
        }
    }
}

impl Part<'_> {
    async fn play(&self) -> anyhow::Result<Ending> {
        if self.scene == Yuan {
            self.line.say("an admin sets the rate");
            counter::price_yuan(&self.admins[0]).await?;
        }
        self.line.say("signs in");
        let person = Person::sign_in(self.stage, &self.sender()).await?;
        let (amount, side) = self.scene.amount();
        let offer = quote(&person, Ask { way: self.scene.way(), amount, side }).await?;
        let order = Order::place(&person, self.line, &offer, &self.payee()).await?;
        match self.scene {
            Yuan => self.pay_on_page(&order).await?,
            _ => order.pay().await?,
        }
        let people = match self.scene.way().to.rail {
            Rail::Manual => counter::pay_out(self.admins, &order).await?,
            _ => 0,
        };
        order.until(&["completed"]).await?;
        order.moved_as(&offer).await?;
        let what = match self.scene {
            Yuan => self.yuan(&order, &offer)?,
            GivenBack => self.give_back(&order).await?,
            _ => self.exchanged(&order, &offer, people)?,
        };
        ending(&[&order], &what).await
    }

    /// Senders live where their money is.
    fn sender(&self) -> String {
        self.number_in(self.scene.way().from.country)
    }

    fn payee(&self) -> Payee {
        let to = match self.scene {
            Yuan => "Alipay 138 0000 0000".to_owned(),
            EurosByHand | FrancsByHand => "at the counter in Kaloum".to_owned(),
            // The sender of this one has the other number.
            WithinGuinea => format!("+224660004{:03}", self.number),
            WithinSenegal => format!("+2217800004{:02}", self.number),
            scene => self.number_in(scene.way().to.country),
        };
        Payee { name: "Fatou Barry", to }
    }

    /// A number of this scene's own, of MTN in Guinea and of Orange in Senegal.
    fn number_in(&self, country: &str) -> String {
        let number = self.number;
        match country {
            "FR" => format!("+336120001{number:02}"),
            "GN" => format!("+224660003{number:03}"),
            "CI" => format!("+22507000003{number:02}"),
            _ => format!("+2217800003{number:02}"),
        }
    }

    /// As a browser does: the page, then a number and the one-time code.
    async fn pay_on_page(&self, order: &Order<'_>) -> anyhow::Result<()> {
        let page = order.page().await?;
        let server = &self.stage.simulators;
        server.browse(&page, None).await?;
        self.line.say("pays on Orange's page");
        let form = [("phone", "+224620000001"), ("otp", "123456"), ("then", "pay")];
        let back = server.browse(&format!("{page}/confirm"), Some(&form)).await?;
        back.context("the page leads nowhere after the payment").map(drop)
    }

    fn yuan(&self, order: &Order<'_>, offer: &Quote) -> anyhow::Result<String> {
        let figures = (order.total.as_str(), offer.receive.as_str(), offer.inverse.as_str());
        anyhow::ensure!(
            figures == (YUAN_COST, "10000.00", "2812.5"),
            "{figures:?} is not what it should cost"
        );
        let (cost, yuan, rate) = figures;
        Ok(format!("{yuan} CNY cost {cost} GNF, {rate} each; paid out by hand"))
    }

    /// Somebody of the house takes the payment back, and the payer has everything.
    async fn give_back(&self, order: &Order<'_>) -> anyhow::Result<String> {
        let why = json!({ "reason": "Sent twice, the payee agrees" });
        let path = format!("/v1/transfers/{}/refund", order.id);
        self.admins[0].ask(Request::post(path, why).key(format!("refund-{}", order.id))).await?;
        order.beyond("completed", &["refunded"]).await?;
        let back = order.refunded().await?;
        anyhow::ensure!(back == order.total, "{back} of {} were given back", order.total);
        Ok(format!("paid, taken back from the payee on request, {back} XOF given back"))
    }

    fn exchanged(&self, order: &Order<'_>, offer: &Quote, people: u64) -> anyhow::Result<String> {
        let Way { from, to } = self.scene.way();
        let amount = |major: &str, currency: Currency| Money::parse(major, currency);
        let (paid, got) = (amount(&order.total, from.currency)?, amount(&offer.receive, to.currency)?);
        anyhow::ensure!(got.is_positive(), "{paid} bought nothing");
        let needs_two = self.scene == EurosByHand;
        let by_hand = match (to.rail, people) {
            (Rail::Manual, 1) if !needs_two => ", confirmed by one person",
            (Rail::Manual, 2) if needs_two => ", confirmed by two people",
            (Rail::Manual, _) => anyhow::bail!("{got} took {people} people's word"),
            _ => "",
        };
        Ok(format!("{paid} became {got}{by_hand}"))
    }
}
