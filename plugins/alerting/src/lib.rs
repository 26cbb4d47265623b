//! Rules to red-yellow-blue alerts
