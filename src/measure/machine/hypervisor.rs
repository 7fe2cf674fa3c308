//! Whose virtual machine this is.

/// What firmware and kernel write about who made the machine, and what we call it. The first that is found counts.
const KNOWN: [(&str, &str); 13] = [
    ("amazon ec2", "Amazon EC2"),
    ("google compute engine", "Google Compute Engine"),
    ("microsoft", "Hyper-V"),
    ("vmware", "VMware"),
    ("virtualbox", "VirtualBox"),
    ("innotek", "VirtualBox"),
    ("parallels", "Parallels"),
    ("apple virtualization", "Apple Virtualization"),
    ("xen", "Xen"),
    ("openstack", "OpenStack"),
    ("kvm", "KVM"),
    ("qemu", "QEMU"),
    ("bhyve", "bhyve"),
];

/// Makers of machines that are always virtual, whatever the processor says: aarch64 has no flag for it.
pub fn of_texts(flagged: bool, texts: &[String]) -> Option<String> {
    let all = texts.join("\n").to_lowercase();
    // Metal instances of clouds carry the cloud's name, too.
    if all.contains(".metal") {
        return None;
    }
    let known = KNOWN.iter().find(|(sign, _)| all.contains(sign)).map(|(_, name)| (*name).to_owned());
    // A Surface is made by Microsoft and is no virtual machine.
    let known = known.filter(|name| name != "Hyper-V" || flagged || all.contains("virtual machine"));
    known.or_else(|| flagged.then(|| super::unknown::UNKNOWN.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flagged: bool, texts: &[&str]) -> Option<String> {
        of_texts(flagged, &texts.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn makers_are_known_by_name() {
        assert_eq!(of(false, &["Amazon EC2", "t4g.small"]).as_deref(), Some("Amazon EC2"));
        assert_eq!(of(true, &["Microsoft Corporation", "Virtual Machine"]).as_deref(), Some("Hyper-V"));
        assert_eq!(of(true, &["QEMU", "Standard PC (Q35 + ICH9, 2009)"]).as_deref(), Some("QEMU"));
    }

    #[test]
    fn a_flag_without_a_name_is_an_unknown_hypervisor() {
        assert_eq!(of(true, &[]).as_deref(), Some("unknown"));
        assert_eq!(of(false, &[]), None);
    }

    #[test]
    fn real_machines_of_the_same_makers_are_none() {
        assert_eq!(of(false, &["Microsoft Corporation", "Surface Pro"]), None);
        assert_eq!(of(false, &["Amazon EC2", "c7g.metal"]), None);
    }
}
