//! That a movement of a transfer waits before it is sent: told once, changes nothing else.

use super::draft::Draft;
use super::{Case, Refusal};
use crate::rail_state::WaitReason;
use crate::{Movement, MovementState};

impl Case {
    /// Tells that `movement` waits. No news of what the provider has already, or what is over.
    pub(super) fn waits(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        reason: WaitReason,
    ) -> Result<bool, Refusal> {
        if movement.state.is_final() || movement.state == MovementState::Submitted {
            return Ok(false);
        }
        let event = match reason {
            WaitReason::RailDown => "waits_rail_down",
            WaitReason::RailPaused => "waits_rail_paused",
            WaitReason::FloatLow => "waits_float_low",
        };
        draft.say(event, Some(movement), "");
        Ok(true)
    }
}
