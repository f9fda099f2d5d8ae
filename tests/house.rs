//! Shared by the checks of the whole house.
