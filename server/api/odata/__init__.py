"""OData 4 as Excel, Power BI and Tableau read it: services, their description, tables filtered, ordered, by pages."""
