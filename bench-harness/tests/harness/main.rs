//! What holds for the whole harness: all variants of a pattern agree, all of the input is needed, the allocations are as
//! documented, and the claims name what exists. No test looks at a clock's value.

mod agreement;
mod agreement_async;
mod allocations;
mod claims;
mod counting;
mod layout;
mod sensitivity;
