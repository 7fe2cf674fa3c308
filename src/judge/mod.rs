//! From measurements and a policy to verdicts, the gate and claims. Pure.
