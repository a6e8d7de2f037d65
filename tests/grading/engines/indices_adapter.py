"""The adapter of `indices.py`: each graph begins with empty arrays."""


def start(module):
    for array in (module.values, module.gradients, module.parents, module.partials):
        array.clear()
