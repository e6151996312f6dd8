//! The `oddflow` program: everything it does is in the library.

fn main() -> std::process::ExitCode {
    oddflow::cli::main()
}
