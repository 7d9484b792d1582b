#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *unused)
{
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {
    {"answer", answer, METH_NOARGS, "Return the answer."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "zoo_good_extension", NULL, -1, methods,
};

PyMODINIT_FUNC PyInit_zoo_good_extension(void)
{
    return PyModule_Create(&module);
}
