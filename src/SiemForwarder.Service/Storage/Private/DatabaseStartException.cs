namespace SiemForwarder.Service.Storage.Private;

/// <summary>The service cannot start because there is no usable database; the message is one sentence for the operator.</summary>
internal sealed class DatabaseStartException(string message) : Exception(message);
