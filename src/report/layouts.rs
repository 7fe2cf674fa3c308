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
    Aligned,
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
            is_aligned: matches!(wire.used, Used::Aligned),
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
        used: match (is_drawn, used.is_aligned) {
            (true, _) => Used::Drawn,
            (false, true) => Used::Aligned,
            (false, false) => Used::AsBuilt,
        },
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

#[cfg(test)]
mod tests {
    use super::super::sentences;
    use super::*;

    fn built(is_aligned: bool) -> LayoutsUsed {
        let fallback = Some(LayoutFallback::Quoted("it is no Linux".to_owned()));
        let target = LayoutUse {
            target: "a::b".to_owned(),
            fallback,
            is_aligned,
            drawings: 0,
            same_functions: 0,
            in_place: 0,
            edited_functions: 0,
            edited_in_place: 0,
            seconds: 0.0,
        };
        LayoutsUsed { asked: Layout::Drawn, targets: vec![target] }
    }

    #[test]
    fn what_stood_for_drawn_layouts_is_told_and_read_back() {
        for (is_aligned, word, said) in
            [(true, "aligned", Some("functions aligned to 64 bytes")), (false, "as-built", None)]
        {
            let used = built(is_aligned);
            assert_eq!(sentences::layouts(&used).as_deref(), said);
            let wire = serde_json::to_value(WireLayouts::from(&used)).unwrap();
            assert_eq!(wire["targets"][0]["used"], word);
            assert_eq!(LayoutsUsed::from(serde_json::from_value::<WireLayouts>(wire).unwrap()), used);
        }
    }
}
