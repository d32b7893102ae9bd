"""Pure methods: frames and numbers in, frames and numbers out."""
