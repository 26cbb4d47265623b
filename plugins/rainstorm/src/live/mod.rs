//! Live water: the model beside a real city.
