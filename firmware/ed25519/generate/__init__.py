"""What makes the generated files of this package, from readable sources. Not installed on a device."""
