namespace SiemForwarder.Service.Location;

/// <summary>A file is not a database of the format, or is broken; the message says what is wrong in it.</summary>
internal sealed class MmdbException(string message) : Exception(message);
