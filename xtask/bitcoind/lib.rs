//! Nothing: this package is there to name where the sources of Bitcoin Core are.
