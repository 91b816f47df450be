"""Files as the server keeps and reads them: photos and other attachments, blobs, media of forms."""
