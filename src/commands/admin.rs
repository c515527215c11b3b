//! `admin`: who works for the house.
//!
//! The first operators and admins are made here, by somebody who can reach the book and its keys; the audit log says
//! so. The secret of the second factor is shown once.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use domain::Msisdn;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::services::Role;
use crate::services::auth::staff::{self, Enrolled};

/// How the audit log names whoever types the command.
const ACTOR: &str = "command line";

/// What can be done about staff.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make the person of a phone number an admin or operator, and enrol their second factor
    ///
    /// Prints the secret for an authenticator app, and a QR code of it; both are shown once. Somebody who is one
    /// already gets a new secret, and their sessions end.
    Create(Create),
}

/// Who, and what they become.
#[derive(Debug, Args)]
pub struct Create {
    /// Their number, as +221770001122
    #[arg(long, value_name = "NUMBER", value_parser = Msisdn::parse)]
    phone: Msisdn,
    /// What they become
    #[arg(long, value_enum, default_value_t = StaffRole::Admin)]
    role: StaffRole,
    /// Print JSON, without the QR code
    #[arg(long)]
    json: bool,
}

/// The roles of the house.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum StaffRole {
    /// Sees everything, sets rates and limits
    Admin,
    /// Sees customers and movements, not margins
    Operator,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Role {
        match role {
            StaffRole::Admin => Role::Admin,
            StaffRole::Operator => Role::Operator,
        }
    }
}

/// Runs one of them on the book that `config` names.
pub async fn run(config: Config, command: &Admin) -> anyhow::Result<ExitCode> {
    let Admin::Create(create) = command;
    let clock = Clock::default();
    let public_url = config.public_url(config.listen).as_str().to_owned();
    let app = Box::pin(App::open(config, clock.clone(), public_url, None)).await?;
    let role = Role::from(create.role);
    let enrolled = staff::enrol(&app.db, &app.people, &create.phone, role, ACTOR, clock.now()).await;
    let enrolled = enrolled.context("nobody was enrolled")?;
    if create.json {
        print_json(create, role, &enrolled)?
    } else {
        print(create, role, &enrolled)?
    }
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn print_json(create: &Create, role: Role, enrolled: &Enrolled) -> anyhow::Result<()> {
    let answer = json!({
        "user": enrolled.user.to_string(),
        "phone": create.phone.as_str(),
        "role": role.as_str(),
        "totp_secret": enrolled.secret.as_str(),
        "otpauth": enrolled.otpauth.as_str(),
    });
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &answer)?;
    writeln!(out)?;
    Ok(())
}

fn print(create: &Create, role: Role, enrolled: &Enrolled) -> anyhow::Result<()> {
    let code = QrCode::new(enrolled.otpauth.as_bytes()).context("the link does not fit into a QR code")?;
    let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} is {role} now, as {}.", create.phone.as_str(), enrolled.user)?;
    writeln!(out, "\n{picture}\n")?;
    writeln!(out, "secret   {}", enrolled.secret.as_str())?;
    writeln!(out, "link     {}", enrolled.otpauth.as_str())?;
    writeln!(out, "\nShown once: put it into an authenticator app now (SHA-1, 6 digits, 30 seconds).")?;
    Ok(())
}
