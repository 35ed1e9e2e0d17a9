//! Running contracts: chaincode as a service.
