//! What a node asks for of the machine that it runs on: what pods request on a cluster, and what quotas count everywhere.

use crate::node_release::Engine;

/// Requests are what a node needs at rest; the limit keeps one that runs away from taking its neighbours with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Thousandths of a core.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    /// Bytes.
    pub memory_limit: u64,
}

const MI: u64 = 1 << 20;

impl Needs {
    /// A business template, served by our own program.
    pub const TEMPLATE: Needs = Needs {
        cpu: 10,
        memory: 16 * MI,
        memory_limit: 256 * MI,
    };
    /// Somebody's own contract comes with a runtime of its own.
    pub const IMAGE: Needs = Needs {
        cpu: 50,
        memory: 64 * MI,
        memory_limit: 512 * MI,
    };

    /// A peer or an orderer.
    pub const fn of_node(engine: Engine) -> Needs {
        match engine {
            Engine::Native => Needs {
                cpu: 20,
                memory: 32 * MI,
                memory_limit: 1024 * MI,
            },
            Engine::Fabric => Needs {
                cpu: 50,
                memory: 128 * MI,
                memory_limit: 2048 * MI,
            },
        }
    }
}
