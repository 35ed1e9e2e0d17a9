//! Packages on this peer, and which definitions use them.

use std::collections::BTreeMap;

use entente_fabric::proto::lifecycle::{
    GetInstalledChaincodePackageResult, InstallChaincodeResult, QueryInstalledChaincodeResult,
    QueryInstalledChaincodesResult, query_installed_chaincode_result, query_installed_chaincodes_result,
};

use super::callable::{self, Committed};
use super::record::NAMESPACES;
use super::{Lifecycle, NAMESPACE};
use crate::failure::Failure;

/// Chaincode names and versions that use a package, by channel.
type References = BTreeMap<String, Vec<(String, String)>>;

impl Lifecycle {
    pub(super) fn install(&self, package: &[u8]) -> Result<InstallChaincodeResult, Failure> {
        let installed = self.packages.install(package)?;
        // A definition may have waited for just this package.
        self.callable.lock().clear();
        tracing::info!(package = installed.package_id, "installed a package");
        Ok(InstallChaincodeResult {
            package_id: installed.package_id,
            label: installed.label,
        })
    }

    pub(super) fn installed_package(&self, package_id: &str) -> Result<GetInstalledChaincodePackageResult, Failure> {
        let package = self.packages.load(package_id)?.ok_or_else(|| {
            Failure(format!(
                "could not load cc install package: chaincode install package '{package_id}' not found"
            ))
        })?;
        Ok(GetInstalledChaincodePackageResult {
            chaincode_install_package: package,
        })
    }

    pub(super) fn query_installed(&self, package_id: &str) -> Result<QueryInstalledChaincodeResult, Failure> {
        use query_installed_chaincode_result::{Chaincode, References};
        let Some(installed) = self.packages.get(package_id) else {
            return Err(Failure(format!(
                "could not find chaincode with package id '{package_id}'"
            )));
        };
        let references = self.references()?.remove(package_id).unwrap_or_default().into_iter();
        let references = references.map(|(channel, used)| {
            let chaincodes = used
                .into_iter()
                .map(|(name, version)| Chaincode { name, version })
                .collect();
            (channel, References { chaincodes })
        });
        Ok(QueryInstalledChaincodeResult {
            package_id: installed.package_id,
            label: installed.label,
            references: references.collect(),
        })
    }

    pub(super) fn list_installed(&self) -> Result<QueryInstalledChaincodesResult, Failure> {
        use query_installed_chaincodes_result::{Chaincode, InstalledChaincode, References};
        let mut references = self.references()?;
        let installed_chaincodes = self.packages.list().into_iter().map(|installed| {
            let used = references.remove(&installed.package_id).unwrap_or_default().into_iter();
            let used = used.map(|(channel, used)| {
                let chaincodes = used
                    .into_iter()
                    .map(|(name, version)| Chaincode { name, version })
                    .collect();
                (channel, References { chaincodes })
            });
            InstalledChaincode {
                package_id: installed.package_id,
                label: installed.label,
                references: used.collect(),
            }
        });
        Ok(QueryInstalledChaincodesResult {
            installed_chaincodes: installed_chaincodes.collect(),
        })
    }

    /// Who uses which package, over all channels: approved by this organization for the committed sequence.
    fn references(&self) -> Result<BTreeMap<String, References>, Failure> {
        let packages = self.packages.list();
        let mut references: BTreeMap<String, References> = BTreeMap::new();
        for channel in self.channels.list().iter().filter_map(|id| self.channels.get(id)) {
            let view = channel.ledger.view();
            let committed = channel
                .ledger
                .state_with_prefix(NAMESPACE, &format!("{NAMESPACES}/metadata/"))?;
            for (key, _) in committed {
                let Some(name) = key.rsplit('/').next() else { continue };
                let Some(Committed {
                    definition,
                    approved: true,
                    package_hash,
                }) = callable::committed(&view, &self.msp_id, name)?
                else {
                    continue;
                };
                let Some(package) = callable::package_of(&packages, package_hash.as_deref()) else {
                    continue;
                };
                let used = references
                    .entry(package)
                    .or_default()
                    .entry(channel.id.clone())
                    .or_default();
                used.push((name.to_owned(), definition.parameters.endorsement.version));
            }
        }
        Ok(references)
    }
}
