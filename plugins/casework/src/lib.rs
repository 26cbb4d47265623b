//! Case workflow, deadlines in working time, key figures
