//! Affiliations: a tree of names with dots. Pure.

use serde::{Deserialize, Serialize};

use crate::identity::{Identity, IdentityInfo};

/// Longest name that is kept, as in Fabric CA's own table.
pub const LONGEST: usize = 1024;

/// An affiliation with what lies below it, as the API shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affiliations: Vec<Tree>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<IdentityInfo>,
}

/// Says what is wrong with a name.
pub fn check(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > LONGEST {
        return Err(format!("an affiliation's name has 1 to {LONGEST} characters"));
    }
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control());
    match name.split('.').all(plain) {
        true => Ok(()),
        false => Err(format!(
            "'{name}' is no affiliation; write words without spaces, with dots between them"
        )),
    }
}

/// The affiliation above, or `None` at the top.
pub fn parent(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(parent, _)| parent)
}

/// The names on the way from the top to `name`, which is the last.
pub fn path(name: &str) -> Vec<&str> {
    let dots = name.match_indices('.').map(|(at, _)| &name[..at]);
    dots.chain(std::iter::once(name)).collect()
}

/// The tree of all these affiliations; several tops stand below a nameless root.
pub fn tree(names: &[String], identities: &[Identity]) -> Option<Tree> {
    let is_top = |name: &&String| parent(name).is_none_or(|above| !names.iter().any(|other| other == above));
    let mut tops: Vec<Tree> = names
        .iter()
        .filter(is_top)
        .map(|top| below(top, names, identities))
        .collect();
    tops.sort_by(|a, b| a.name.cmp(&b.name));
    match tops.len() {
        0 => None,
        1 => tops.pop(),
        _ => Some(Tree {
            affiliations: tops,
            ..Tree::default()
        }),
    }
}

fn below(name: &str, names: &[String], identities: &[Identity]) -> Tree {
    let mut children: Vec<Tree> = names
        .iter()
        .filter(|child| parent(child) == Some(name))
        .map(|child| below(child, names, identities))
        .collect();
    children.sort_by(|a, b| a.name.cmp(&b.name));
    Tree {
        name: name.to_owned(),
        affiliations: children,
        identities: identities
            .iter()
            .filter(|identity| identity.affiliation == name)
            .map(IdentityInfo::from)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str) -> Tree {
        Tree {
            name: name.to_owned(),
            ..Tree::default()
        }
    }

    #[test]
    fn names_make_a_tree() {
        let names = ["b", "a.y", "a", "a.x"].map(str::to_owned);

        let all = tree(&names, &[]).unwrap();

        let a = Tree {
            affiliations: vec![leaf("a.x"), leaf("a.y")],
            ..leaf("a")
        };
        assert_eq!(
            all,
            Tree {
                affiliations: vec![a.clone(), leaf("b")],
                ..Tree::default()
            }
        );
        assert_eq!(tree(&names[1..], &[]), Some(a));
        assert_eq!(tree(&[], &[]), None);
    }

    #[test]
    fn a_path_has_every_step() {
        assert_eq!(path("a.b.c"), ["a", "a.b", "a.b.c"]);
        assert_eq!(check("a.b"), Ok(()));
        assert!(check("a..b").is_err() && check("").is_err() && check("a b").is_err());
    }
}
