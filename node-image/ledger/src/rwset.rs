//! Read-write sets: building one while a transaction is simulated, reading one of a block.
