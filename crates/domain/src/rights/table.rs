//! The table of rights: a right is a row here and nothing else.

use super::Holders;
use crate::roles::{Role, TeamRole};

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The right.
    pub right: Right,
    /// Its code: a storage format, the action in the audit trail.
    pub code: &'static str,
    /// What is done, after “may”: `delete the app`.
    pub action: &'static str,
    /// Who may.
    pub holders: Holders,
}

const TEAM: Holders = Holders::Team(&TeamRole::ALL);
const OPERATORS: Holders = Holders::Team(&[TeamRole::TechnicalContact, TeamRole::Developer]);
const CONTACT: Holders = Holders::Team(&[TeamRole::TechnicalContact]);
const CREATORS: Holders = Holders::Company(&[Role::Customer, Role::Admin]);
const COMPANY_ADMINS: Holders = Holders::Company(&[Role::Admin]);
const ADMINS: Holders = Holders::Portal(&[Role::Admin]);

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident: $code:literal, $action:literal, $holders:expr;)*) => {
        /// Something that one may be allowed to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Right {
            $($(#[$doc])* $name,)*
        }

        /// The table, in the order in which people read it. The platform itself may do everything.
        pub const RULES: &[Rule] = &[
            $(Rule { right: Right::$name, code: $code, action: $action, holders: $holders },)*
        ];
    };
}

// Each: the code, what is done, who may.
rights! {
    /// See an app, its environments, packages and operations.
    ViewApp: "app.view", "see the app", TEAM;
    /// Create an app.
    CreateApp: "app.create", "create an app", CREATORS;
    /// Delete an app.
    DeleteApp: "app.delete", "delete the app", CONTACT;
    /// Upload a package.
    UploadPackage: "package.upload", "upload packages", OPERATORS;
    /// Delete a package.
    DeletePackage: "package.delete", "delete packages", OPERATORS;
    /// Deploy a package.
    Deploy: "environment.deploy", "deploy a package", OPERATORS;
    /// Start an environment.
    Start: "environment.start", "start an environment", OPERATORS;
    /// Stop an environment.
    Stop: "environment.stop", "stop an environment", OPERATORS;
    /// Restart an environment.
    Restart: "environment.restart", "restart an environment", OPERATORS;
    /// Change instances and memory of an environment.
    Scale: "environment.scale", "scale an environment", OPERATORS;
    /// See the debugger's password.
    RevealDebuggerPassword: "environment.reveal_debugger_password", "see the debugger’s password", OPERATORS;
    /// Choose the instance that the debugger leads to.
    ChooseDebuggerInstance: "environment.choose_debugger_instance", "choose the debugged instance", OPERATORS;
    /// Cancel an operation, or have its undo tried again.
    ControlOperation: "operation.control", "cancel operations or have them taken back", OPERATORS;
    /// See operations that concern the whole company.
    ViewCompanyOperations: "company.view_operations", "see operations of the whole company", COMPANY_ADMINS;
    /// Cancel such an operation, or have its undo tried again.
    ControlCompanyOperation: "company.control_operation", "cancel operations of the whole company or have them taken back", COMPANY_ADMINS;
    /// See how the installation itself is doing.
    ViewInstallation: "installation.view", "see how the installation is doing", ADMINS;
    /// Have a search begin for what no row knows.
    SearchOrphans: "orphan.search", "search for what no app of the portal owns", ADMINS;
    /// Remove something that no row knows.
    RemoveOrphan: "orphan.remove", "remove what no app of the portal owns", ADMINS;
    /// Add regions and change how they are served.
    ManageRegions: "region.manage", "manage regions", ADMINS;
}

impl Right {
    /// Its row.
    pub fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }

    /// Its code: the action in the audit trail.
    pub fn code(self) -> &'static str {
        self.rule().code
    }
}
