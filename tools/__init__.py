"""Make what the package ships and nobody writes by hand."""
