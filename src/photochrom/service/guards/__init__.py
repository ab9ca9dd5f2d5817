"""What stands between the network and the application: pure ASGI, one guard a module, each with one idea.

None of them knows what the service is for, and no route knows them; `photochrom.service.guarded` puts them together.
"""
