"""The namespaces that the plugin imports."""
