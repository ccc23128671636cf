"""Answers questions with the functions of the real librpm, for the tests.

A question is a line of a command and hexadecimal arguments; so is each answer a line.
  compare A B              rpmverCmp: < = >
  overlap P V OP W         rpmdsCompare of a provide (P V) with a requirement: 0 1
  rich TEXT                rpmrichParse: "ok", or what it complains of
"""
import ctypes
import ctypes.util
import sys

rpm = ctypes.CDLL(ctypes.util.find_library("rpm") or "librpm.so.9")
for f in (rpm.rpmverParse, rpm.rpmdsSingle):
    f.restype = ctypes.c_void_p
rpm.rpmverParse.argtypes = [ctypes.c_char_p]
rpm.rpmverCmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
rpm.rpmverFree.argtypes = [ctypes.c_void_p]
rpm.rpmdsSingle.argtypes = [ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32]
rpm.rpmdsCompare.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
rpm.rpmdsFree.argtypes = [ctypes.c_void_p]
SENSES = {"": 0, "<": 2, ">": 4, "=": 8, "<=": 10, ">=": 12, "!=": 6}
PROVIDENAME, REQUIRENAME = 1047, 1049


def compare(a, b):
    v, w = rpm.rpmverParse(a), rpm.rpmverParse(b)
    c = rpm.rpmverCmp(v, w)
    rpm.rpmverFree(v)
    rpm.rpmverFree(w)
    return "<=>"[(c > 0) - (c < 0) + 1]


def overlap(provided, version, op, wanted):
    p = rpm.rpmdsSingle(PROVIDENAME, b"x", version, SENSES[provided.decode()])
    r = rpm.rpmdsSingle(REQUIRENAME, b"x", wanted, SENSES[op.decode()])
    c = rpm.rpmdsCompare(p, r)
    rpm.rpmdsFree(p)
    rpm.rpmdsFree(r)
    return str(c)


def rich(text):
    rest, message = ctypes.c_char_p(text), ctypes.c_char_p()
    rc = rpm.rpmrichParse(ctypes.byref(rest), ctypes.byref(message), None, None)
    if rc != 0:
        return message.value.decode(errors="replace").replace("\n", " ") or "refused"
    return "rest" if rest.value else "ok"


for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split(" ")
    answer = {"compare": compare, "overlap": overlap, "rich": rich}[command]
    print(answer(*[bytes.fromhex(a) for a in arguments]), flush=True)
