"""What a project's file asks for, and whether there are wheels of it for a target; pure.

Files are read from bytes that anybody may have written; nothing in them is opened, fetched or run.
"""
