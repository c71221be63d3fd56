//! Roles: what a person is in the portal, and in the team of an app.

use serde::{Deserialize, Serialize};

/// A person's role in the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on apps of the own company.
    Customer,
    /// Handles region and plan requests; never opens a customer's data.
    CustomerSuccess,
    /// Manages people, companies, regions and plans.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Customer, Self::CustomerSuccess, Self::Admin];

    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::CustomerSuccess => "customer_success",
            Self::Admin => "admin",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::CustomerSuccess => "Customer Success",
            Self::Admin => "Admin",
        }
    }
}

/// A person's role in one app's team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Answers for the app; may delete it.
    TechnicalContact,
    /// Deploys and operates it.
    Developer,
    /// Looks, touches nothing.
    Viewer,
}

impl TeamRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::TechnicalContact, Self::Developer, Self::Viewer];

    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TechnicalContact => "technical_contact",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::TechnicalContact => "Technical Contact",
            Self::Developer => "Developer",
            Self::Viewer => "Viewer",
        }
    }
}
