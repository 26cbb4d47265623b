//! Prints the flood figures of this machine.

fn main() {
    for figure in guanlan_rainstorm::bench_flood() {
        println!("{:<34} {:>14.6e} {}", figure.name, figure.value, figure.unit);
    }
}
