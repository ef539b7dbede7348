use crate::ProbeSet;
use crate::bind::BindFn;

/// An annotated function, as the attribute submits it at link time.
#[derive(Debug)]
pub struct Descriptor {
    /// The name: given, or the function's.
    pub name: &'static str,
    /// The function's name.
    pub function: &'static str,
    /// The path of its module.
    pub module: &'static str,
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// The probes that it serves.
    pub probes: ProbeSet,
    /// How long a run may take.
    pub timeout_ms: u64,
    /// How long a result is kept.
    pub cache_ms: Option<u64>,
    /// Whether its failure fails the probe.
    pub critical: bool,
    /// The tags.
    pub tags: &'static [&'static str],
    /// The doc comment.
    pub description: &'static str,
    /// Makes the arguments and calls the function.
    pub bind: BindFn,
}

inventory::collect!(Descriptor);
