#include <Python.h>

static int answer(void)
{
    int result = forty_two;
    return result
}
