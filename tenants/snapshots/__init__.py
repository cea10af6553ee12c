"""One consistent state of a tenant's stores, read for minutes while others write; bounded in age and in costs."""
