//! `/v1/admin`: what operators and admins look at.

mod alerts;
mod approvals;
mod attention;
mod audit;
mod evidence;
mod ledger;
mod movements;
mod queues;
mod quotes;
mod rails;
mod rates;
mod retry;
mod sms;
mod statements;
mod treasury;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub use approvals::ApprovalView;

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ledger::accounts))
        .routes(routes!(ledger::account))
        .routes(routes!(ledger::entries))
        .routes(routes!(ledger::trial_balance))
        .routes(routes!(queues::inbox))
        .routes(routes!(queues::outbox))
        .routes(routes!(queues::uncertain))
        .routes(routes!(movements::list))
        .routes(routes!(movements::confirm))
        .routes(routes!(movements::resolve))
        .routes(routes!(evidence::of_movement))
        .routes(routes!(audit::list))
        .routes(routes!(attention::list))
        .routes(routes!(attention::release))
        .routes(routes!(attention::refuse))
        .routes(routes!(retry::retry))
        .routes(routes!(quotes::find))
        .routes(routes!(rails::list))
        .routes(routes!(rails::pause))
        .routes(routes!(rails::resume))
        .routes(routes!(rates::list))
        .routes(routes!(rates::find, rates::set))
        .routes(routes!(rates::history))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::find))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(treasury::list, treasury::propose))
        .routes(routes!(treasury::find))
        .routes(routes!(sms::conversions))
        .routes(routes!(statements::lines))
        .routes(routes!(statements::progress))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::acknowledge))
}
