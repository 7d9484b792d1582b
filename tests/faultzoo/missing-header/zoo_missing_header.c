#include <Python.h>
#include <wheelyard_zoo/absent.h>

int answer = 42;
