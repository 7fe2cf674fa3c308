//! What an abstraction costs. The guide's section "Zero-Cost Abstractions", and "avoid unnecessary boxing and trait
//! objects" of its "Best Practices". The sizes of enums, which need no running, are in [`crate::layout`].

pub mod const_eval;
pub mod dispatch;
pub mod generic;
pub mod inline;
