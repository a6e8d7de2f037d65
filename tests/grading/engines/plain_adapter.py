"""How `plain.py` is used: what it does not have is not offered."""


def leaf(module, number):
    return module.var(number)


def apply(module, operation, operands):
    x = operands[0]
    if operation == "sub":
        return module.plus(x, module.times(operands[1], -1.0))
    if operation == "div":
        return module.times(x, module.power(operands[1], -1.0))
    if operation == "neg":
        return module.times(x, -1.0)
    if operation == "sum":
        return module.plus(module.plus(x, operands[1]), operands[2])
    names = {"add": module.plus, "mul": module.times, "pow": module.power, "tanh": module.tanh}
    if operation == "pow" and isinstance(operands[1], list):
        raise NotImplementedError
    return names[operation](*operands)


def backward(module, root):
    module.grad(root)


def data(module, x):
    return x[0]


def grad(module, x):
    return x[1]
