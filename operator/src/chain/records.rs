//! Whether everybody who comes into a chain has shown which legal party they are, where the installation asks for it.
//!
//! The API refuses what lacks that before it is written; what `kubectl` writes waits here. Who is in a channel stays.

use entente_api::Chain;
use kube::ResourceExt as _;

use super::fetch::Inputs;
use crate::trouble::{Result, Trouble};

/// That the chain's own organizations may take part. Other tenants' are let in when they may, one by one.
pub fn approved(chain: &Chain, inputs: &Inputs) -> Result<()> {
    let own = chain.namespace().unwrap_or_default();
    let channels = chain.status.iter().flat_map(|status| &status.channels);
    let members: Vec<&String> = channels.flat_map(|channel| &channel.members).collect();
    let entries = chain.spec.members.iter();
    let mut entries = entries.filter(|entry| entry.namespace.as_ref().is_none_or(|home| *home == own));
    let stranger = entries.find(|entry| {
        let organization = &entry.organization;
        !members.contains(&organization) && !inputs.may_take_part(&own, organization)
    });
    match stranger {
        Some(entry) => Err(missing(&entry.organization)),
        None => Ok(()),
    }
}

/// An organization without an approved record.
pub fn missing(organization: &str) -> Trouble {
    let cause = format!("no operator of the platform has approved the record of the organization \"{organization}\"");
    let hint = format!("Submit it with PUT /v1/organizations/{organization}/record.");
    Trouble::waiting(cause).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use entente_api::Organization;
    use entente_api::chain::{ChainStatus, ChannelStatus};
    use entente_api::names::annotation;

    use super::*;

    /// An organization that says that the record of `approved` is approved.
    fn organization(name: &str, uid: &str, approved: &str) -> ((String, String), Organization) {
        let mut organization = Organization::new(name, Default::default());
        organization.metadata.uid = Some(uid.to_owned());
        let note = (annotation::RECORD_APPROVED.to_owned(), approved.to_owned());
        organization.metadata.annotations = Some([note].into());
        ((String::new(), name.to_owned()), organization)
    }

    fn chain(members: &str) -> Chain {
        let spec = format!("members: {members}");
        Chain::new("ledger", serde_yaml::from_str(&spec).unwrap())
    }

    #[test]
    fn a_chain_waits_for_the_records_of_those_who_are_not_in_it() {
        let inputs = Inputs {
            organizations: [organization("bank", "1", "1"), organization("tax", "2", "1")].into(),
            requires_real_names: true,
            ..Inputs::default()
        };
        let waits = |chain: &Chain| approved(chain, &inputs).map_err(|trouble| trouble.cause);
        let mut both = chain("[{organization: bank}, {organization: tax}]");
        let theirs = chain("[{organization: bank}, {organization: fund, namespace: elsewhere}]");

        assert_eq!(waits(&theirs), Ok(()));
        // The note of another organization, or of one that had the name before, is none.
        let reason = "no operator of the platform has approved the record of the organization \"tax\"";
        assert_eq!(waits(&both), Err(reason.to_owned()));

        let main = ChannelStatus {
            members: vec!["bank".to_owned(), "tax".to_owned()],
            ..ChannelStatus::default()
        };
        both.status = Some(ChainStatus {
            channels: vec![main],
            ..ChainStatus::default()
        });
        assert_eq!(waits(&both), Ok(()));
    }

    #[test]
    fn nobody_waits_where_records_are_not_asked_for() {
        assert_eq!(approved(&chain("[{organization: bank}]"), &Inputs::default()), Ok(()));
    }
}
