//! Rules to instances to transitions to notifications.
