namespace SiemForwarder.Service.Storage.Private;

/// <summary>The service cannot start for want of a database; the message is one sentence for the operator.</summary>
internal sealed class DatabaseStartException(string message) : Exception(message);
