//! What firmware touched that is not modelled: counted always, said once, visible to a test.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts by name (`UART0.UARTCR.SIRLP`).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Gaps {
    counts: BTreeMap<String, Gap>,
    unsaid: Vec<String>,
}

/// How often something was touched that is not modelled, and why it is not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// How often.
    pub count: u64,
    /// What is missing, in words.
    pub why: String,
}

impl Gaps {
    /// Counts one touch of `name`; the first one is also said.
    pub fn touch(&mut self, name: &str, why: &str) {
        if let Some(gap) = self.counts.get_mut(name) {
            gap.count += 1;
            return;
        }
        self.counts.insert(name.to_owned(), Gap { count: 1, why: why.to_owned() });
        self.unsaid.push(format!("{name} is not modelled: {why}"));
    }

    /// All gaps touched so far.
    pub fn all(&self) -> &BTreeMap<String, Gap> {
        &self.counts
    }

    /// The sentences that have not been said yet.
    pub fn take_unsaid(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unsaid)
    }
}
