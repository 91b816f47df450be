"""A phone's form engine without the phone: XForms compiled, filled and edited, XPath as phones evaluate it."""
