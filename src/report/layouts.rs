//! In what layouts pairs were measured, as JSON reports say it and as it is read from them.

use serde::{Deserialize, Serialize};

use crate::domain::{Layout, LayoutFallback, LayoutUse, LayoutsUsed};

/// The linker that takes an order of functions, whichever one the build used.
const LINKER: &str = "rust-lld";

#[derive(Serialize, Deserialize)]
pub(super) struct WireLayouts {
    asked: Layout,
    targets: Vec<WireLayout>,
}

#[derive(Serialize, Deserialize)]
struct WireLayout {
    target: String,
    used: Used,
    reason: Option<String>,
    linker: Option<String>,
    drawings: u32,
    same_functions: usize,
    in_place: usize,
    #[serde(default)]
    edited_functions: usize,
    #[serde(default)]
    edited_in_place: usize,
    seconds: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Used {
    Drawn,
    AsBuilt,
}

impl From<&LayoutsUsed> for WireLayouts {
    fn from(used: &LayoutsUsed) -> Self {
        Self { asked: used.asked, targets: used.targets.iter().map(target).collect() }
    }
}

impl From<WireLayouts> for LayoutsUsed {
    fn from(wire: WireLayouts) -> Self {
        let target = |wire: WireLayout| LayoutUse {
            target: wire.target,
            fallback: wire.reason.map(LayoutFallback::Quoted),
            drawings: wire.drawings,
            same_functions: wire.same_functions,
            in_place: wire.in_place,
            edited_functions: wire.edited_functions,
            edited_in_place: wire.edited_in_place,
            seconds: wire.seconds,
        };
        Self { asked: wire.asked, targets: wire.targets.into_iter().map(target).collect() }
    }
}

fn target(used: &LayoutUse) -> WireLayout {
    let is_drawn = used.drawings > 0;
    WireLayout {
        target: used.target.clone(),
        used: if is_drawn { Used::Drawn } else { Used::AsBuilt },
        reason: used.fallback.as_ref().map(ToString::to_string),
        linker: is_drawn.then(|| LINKER.to_owned()),
        drawings: used.drawings,
        same_functions: used.same_functions,
        in_place: used.in_place,
        edited_functions: used.edited_functions,
        edited_in_place: used.edited_in_place,
        seconds: used.seconds,
    }
}
