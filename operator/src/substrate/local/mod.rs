//! Nodes as supervised child processes on loopback.
