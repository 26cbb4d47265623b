//! Units, road graph, routing through water, recommendation, assignment
