"""HTTP: routes that parse, call one function of the engine, and shape the reply."""
