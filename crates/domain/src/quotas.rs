//! Quotas: how much of each resource a company may use in all.

use serde::{Deserialize, Serialize};

/// What a quota is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuotaKind {
    /// Apps.
    Apps,
    /// Environments of all apps.
    Environments,
    /// Memory of all instances that are wanted, MiB.
    MemoryMib,
    /// Packages of all apps.
    Packages,
    /// Their files, bytes.
    PackageBytes,
}

impl QuotaKind {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Apps,
        Self::Environments,
        Self::MemoryMib,
        Self::Packages,
        Self::PackageBytes,
    ];

    /// Its code: a storage format, and the name of the setting.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Apps => "apps",
            Self::Environments => "environments",
            Self::MemoryMib => "memory_mib",
            Self::Packages => "packages",
            Self::PackageBytes => "package_bytes",
        }
    }

    /// The one of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// So much of it, in words: `3 apps`, `2.0 GiB of memory`.
    pub fn words(self, amount: u64) -> String {
        let things = |one: &str| format!("{amount} {one}{}", if amount == 1 { "" } else { "s" });
        match self {
            Self::Apps => things("app"),
            Self::Environments => things("environment"),
            Self::MemoryMib => format!("{} of memory", binary(amount, "MiB", "GiB")),
            Self::Packages => things("package"),
            Self::PackageBytes => {
                format!(
                    "{} of packages",
                    binary(amount.div_ceil(1 << 20), "MiB", "GiB")
                )
            }
        }
    }

    /// What frees some of it.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Apps => "Delete an app that is not needed",
            Self::Environments => "Make fewer environments, or delete an app that is not needed",
            Self::MemoryMib => "Scale an environment down, or delete an app that is not needed",
            Self::Packages | Self::PackageBytes => "Delete packages that are not needed",
        }
    }
}

fn binary(amount: u64, unit: &str, larger: &str) -> String {
    if amount < 1024 {
        return format!("{amount} {unit}");
    }
    let tenths = amount.saturating_mul(10) / 1024;
    format!("{}.{} {larger}", tenths / 10, tenths % 10)
}

/// An amount of every resource: what is allowed, or what is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amounts([u64; 5]);

impl Amounts {
    /// How much of one.
    pub const fn of(&self, resource: QuotaKind) -> u64 {
        self.0[resource as usize]
    }

    /// With another amount of one.
    #[must_use]
    pub const fn with(mut self, resource: QuotaKind, amount: u64) -> Self {
        self.0[resource as usize] = amount;
        self
    }

    /// What a company may use unless something else is said of it.
    pub const fn usual() -> Self {
        Self([50, 200, 256 << 10, 1000, 200 << 30])
    }
}

/// What a company uses, and what it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quota {
    /// What is used.
    pub used: Amounts,
    /// What is allowed.
    pub allowed: Amounts,
}

impl Quota {
    /// Why `more` cannot be had; nothing where they can.
    pub fn refusal(&self, more: &Amounts) -> Option<String> {
        let short = QuotaKind::ALL.into_iter().find(|resource| {
            let (used, more) = (self.used.of(*resource), more.of(*resource));
            more > 0 && used.saturating_add(more) > self.allowed.of(*resource)
        })?;
        Some(format!(
            "Your company may use {}; it uses {}, and this takes {} more. {}, or ask an operator for a larger quota.",
            short.words(self.allowed.of(short)),
            short.words(self.used.of(short)),
            short.words(more.of(short)),
            short.remedy(),
        ))
    }

    /// What is left of it.
    pub const fn left(&self, resource: QuotaKind) -> u64 {
        let (used, allowed) = (self.used.of(resource), self.allowed.of(resource));
        allowed.saturating_sub(used)
    }
}

#[cfg(test)]
mod tests {
    use super::{Amounts, Quota, QuotaKind};

    #[test]
    fn a_refusal_says_what_is_used_allowed_and_asked() {
        let quota = Quota {
            used: Amounts::default()
                .with(QuotaKind::Apps, 2)
                .with(QuotaKind::MemoryMib, 9000),
            allowed: Amounts::default()
                .with(QuotaKind::Apps, 3)
                .with(QuotaKind::MemoryMib, 8192),
        };
        let one = Amounts::default().with(QuotaKind::Apps, 1);
        assert_eq!(quota.refusal(&one), None);
        let said = quota
            .refusal(&one.with(QuotaKind::Apps, 2))
            .expect("is refused");
        assert!(
            said.contains("may use 3 apps; it uses 2 apps, and this takes 2 apps more"),
            "{said}"
        );
        let said = quota
            .refusal(&one.with(QuotaKind::MemoryMib, 512))
            .expect("is refused");
        assert!(
            said.contains("8.0 GiB of memory; it uses 8.7 GiB"),
            "{said}"
        );
        assert_eq!(
            quota.refusal(&Amounts::default()),
            None,
            "nothing more is always fine"
        );
        assert_eq!(
            (
                quota.left(QuotaKind::Apps),
                quota.left(QuotaKind::MemoryMib)
            ),
            (1, 0)
        );
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        for resource in QuotaKind::ALL {
            assert_eq!(QuotaKind::parse(resource.code()), Some(resource));
        }
        assert_eq!(QuotaKind::parse("colour"), None);
    }
}
